import type { ActivityInterceptorsFactory, WorkerOptions } from '@temporalio/worker';

/**
 * A worker here looks after one node at a time: the usual ten pollers for each of its queues would only keep the server busy. What a killed
 * worker had in its sticky queue is given to another one after a second.
 */
export function workerOptions(puppet?: ActivityInterceptorsFactory) {
  return {
    workflowTaskPollerBehavior: { type: 'simple-maximum', maximum: 2 },
    activityTaskPollerBehavior: { type: 'simple-maximum', maximum: 2 },
    workflowThreadPoolSize: 1,
    stickyQueueScheduleToStartTimeout: '1s',
    maxHeartbeatThrottleInterval: '100ms',
    interceptors: { activity: puppet === undefined ? [] : [puppet] },
  } satisfies Partial<WorkerOptions>;
}
