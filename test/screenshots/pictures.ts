import { accountBrokerId } from '../../src/contract/workflow-ids.ts';
import { ACCOUNT, type Stage } from '../../src/demo/stage.ts';
import { SCENES } from './scenes.ts';

/** What is to be seen in the Temporal UI, and where. */
export interface Picture {
  /** Under docs/images, without its ending. */
  readonly name: string;
  /** Below the namespace's own. Asked for just before: the broker has another run every few minutes here. */
  readonly path: () => Promise<string> | string;
  /** What the page has to say before it is shot: an error page, or one that is not there yet, does not. */
  readonly words: readonly string[];
  /** Buttons that are pressed first. */
  readonly press?: readonly string[];
  /** In "Queries", the one that is chosen before. */
  readonly query?: string;
  /** Only the part below this heading. */
  readonly below?: string;
  /** Of the page, in pixels. Default 900. */
  readonly height?: number;
}

/** Every picture of docs/watching.md. */
export function pictures({ temporal }: Pick<Stage, 'temporal'>): readonly Picture[] {
  const page = (workflowId: string, tab: string) => async (): Promise<string> => {
    const { runId } = await temporal.workflow.getHandle(workflowId).describe();
    return `workflows/${encodeURIComponent(workflowId)}/${runId}/${tab}`;
  };
  return [
    {
      name: 'list',
      path: () => `workflows?query=${encodeURIComponent('NavarchPool = "training"')}`,
      words: ['provision-node/trainer-3', 'waiting_for_capacity', 'node/finetune-2', 'bootstrapping', 'ended', 'true'],
      press: ['Collapse saved views'],
      height: 680,
    },
    {
      name: 'waiting',
      path: page(SCENES.waiting, 'user-metadata'),
      words: ['waiting for capacity', 'place 3 of 4', 'no capacity for'],
    },
    {
      name: 'line',
      path: page(accountBrokerId(ACCOUNT), 'query'),
      words: ['"total": 4', '"place": 1', 'trainer-1'],
      query: 'waitingLine',
      press: ['Run Query'],
    },
    {
      name: 'bootstrapping',
      path: page(SCENES.bootstrapping, 'user-metadata'),
      words: ['bootstrapping', 'pull the training image', 'layer '],
    },
    {
      name: 'bootstrapping-timeline',
      path: page(SCENES.bootstrapping, 'timeline'),
      words: ['run the bootstrap script', 'prove the GPUs'],
      below: 'Timeline',
      height: 1_500,
    },
    {
      name: 'ready',
      path: page(SCENES.ready, 'user-metadata'),
      words: ['ready', 'kept until it is asked to end', 'NVIDIA H100'],
    },
    {
      name: 'unwound',
      path: page(SCENES.unwound, 'user-metadata'),
      words: ['failed', 'bootstrap_failed', 'nothing is left', 'launch 2'],
    },
    {
      name: 'attention',
      path: page(SCENES.attention, 'user-metadata'),
      words: ['needs attention', 'unhealthy', 'it is kept all the same'],
    },
  ];
}
