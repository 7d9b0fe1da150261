import { Client, Connection, type WorkflowClientInterceptor } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/common';
import { temporal } from '@temporalio/proto';
import { vi } from 'vitest';

const { WorkflowExecutionStatus } = temporal.api.enums.v1;
const { DescribeWorkflowExecutionResponse, GetWorkflowExecutionHistoryResponse } = temporal.api.workflowservice.v1;

/** A run that Temporal remembers. */
export interface Run {
  readonly runId: string;
  /** Default: it is the first of its chain itself. */
  readonly firstRunId?: string;
  readonly status: 'RUNNING' | 'COMPLETED' | 'FAILED' | 'CONTINUED_AS_NEW';
}

export interface RunsInTemporal {
  readonly client: Client;
  /** The first runs of the chains that were cancelled. */
  readonly cancelled: readonly (string | undefined)[];
  /** The runs that were queried. */
  readonly queried: readonly (string | undefined)[];
}

/**
 * A client of a Temporal that knows these runs of one workflow id, the latest one last; `runs` is asked each time. A query is answered with
 * the run's own id. Nothing is sent.
 */
export function runsInTemporal(workflowId: string, runs: () => readonly Run[]): RunsInTemporal {
  const cancelled: (string | undefined)[] = [];
  const queried: (string | undefined)[] = [];
  const find = (id: string | null | undefined): Run => {
    const run = id ? runs().find(({ runId }) => runId === id) : runs().at(-1);
    if (run === undefined) throw new WorkflowNotFoundError('workflow not found', workflowId, id ?? undefined);
    return run;
  };
  const server: WorkflowClientInterceptor = {
    describe({ workflowExecution }) {
      return Promise.resolve().then(() => {
        const { runId, firstRunId = runId, status } = find(workflowExecution.runId);
        const workflowExecutionInfo = {
          execution: { workflowId, runId },
          type: { name: 'provisionNode' },
          status: WorkflowExecutionStatus[`WORKFLOW_EXECUTION_STATUS_${status}`],
          startTime: {},
          firstRunId,
        };
        return DescribeWorkflowExecutionResponse.fromObject({ workflowExecutionInfo });
      });
    },
    cancel({ firstExecutionRunId }) {
      return Promise.resolve().then(() => {
        const latest = find(undefined);
        if (latest.status !== 'RUNNING' || (latest.firstRunId ?? latest.runId) !== firstExecutionRunId) {
          throw new WorkflowNotFoundError('workflow execution already completed', workflowId, undefined);
        }
        cancelled.push(firstExecutionRunId);
        return temporal.api.workflowservice.v1.RequestCancelWorkflowExecutionResponse.create();
      });
    },
    query({ workflowExecution }) {
      return Promise.resolve().then(() => {
        const { runId } = find(workflowExecution.runId);
        queried.push(runId);
        return { phase: 'ended', detail: runId };
      });
    },
  };
  const connection = Connection.lazy({ address: '127.0.0.1:1' });
  const client = new Client({ connection, interceptors: { workflow: [server] } });
  // What no interceptor sees. Of a history, its last event.
  vi.spyOn(client.workflowService, 'getWorkflowExecutionHistory').mockImplementation((request: object) => {
    const { execution } = request as temporal.api.workflowservice.v1.IGetWorkflowExecutionHistoryRequest;
    const run = find(execution?.runId);
    const newExecutionRunId = runs()[runs().indexOf(run) + 1]?.runId ?? '';
    const continued = run.status === 'CONTINUED_AS_NEW';
    const last = continued ? { workflowExecutionContinuedAsNewEventAttributes: { newExecutionRunId } } : {};
    return Promise.resolve(GetWorkflowExecutionHistoryResponse.fromObject({ history: { events: [last] } }));
  });
  return { client, cancelled, queried };
}
