import { ApplicationFailure } from '@temporalio/common';
import type { ActivityInterceptorsFactory } from '@temporalio/worker';

/** One execution of an activity: an attempt of a step. */
export interface Execution {
  readonly workflowId: string;
  readonly runId: string;
  readonly workflowType: string;
  readonly activityType: string;
  readonly activityId: string;
  readonly attempt: number;
}

/** Decides, execution by execution, what becomes of the worker's activities. It may take its time: the activity is held meanwhile. */
export interface Puppeteer {
  /** `fail`: the attempt fails before it had any effect. */
  before(execution: Execution): Promise<'go' | 'fail'>;
  /** Asked when it has an answer, good or bad. `fail`: that is lost; `again`: the effect is repeated, and the second answer is told. */
  after(execution: Execution): Promise<'go' | 'fail' | 'again'>;
  /** The execution is over, however it went. */
  done(execution: Execution): void;
}

/** Puts a puppeteer between Temporal and the activities of a worker. */
export function puppetOf(puppeteer: Puppeteer): ActivityInterceptorsFactory {
  return ({ info }) => ({
    inbound: {
      async execute(input, next) {
        const execution: Execution = {
          workflowId: info.workflowExecution?.workflowId ?? '',
          runId: info.workflowExecution?.runId ?? '',
          workflowType: info.workflowType ?? '',
          activityType: info.activityType,
          activityId: info.activityId,
          attempt: info.attempt,
        };
        try {
          if ((await puppeteer.before(execution)) === 'fail') throw injected('before its effect');
          const [answer] = await Promise.allSettled([next(input)]);
          const order = await puppeteer.after(execution);
          if (order === 'fail') throw injected('after its effect');
          if (order === 'again') return await next(input);
          if (answer.status === 'rejected') throw answer.reason;
          return answer.value;
        } finally {
          puppeteer.done(execution);
        }
      },
    },
  });
}

/** Retryable, and of no type that the workflows know: what a lost worker or a defect of ours looks like to them. */
function injected(when: string): ApplicationFailure {
  return ApplicationFailure.create({
    type: 'InjectedFault',
    message: `this attempt failed ${when}`,
    category: 'BENIGN',
  });
}
