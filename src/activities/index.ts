import { createAccountActivities } from './account.ts';
import { createBrokerActivities } from './broker.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { createHostActivities } from './host.ts';
import { createLambdaActivities } from './lambda.ts';
import { createLaunchActivities } from './launch.ts';
import { createNavarchActivities } from './navarch.ts';
import { createSweepActivities } from './sweep.ts';
import { createTemporalActivities } from './temporal.ts';
import type {
  AccountActivities,
  BrokerActivities,
  HostActivities,
  LambdaActivities,
  LaunchActivities,
  NavarchActivities,
  OwnershipActivities,
  SweepActivities,
  TemporalActivities,
} from './types.ts';

/** The activities of each task queue (contract/task-queues.ts). */
export interface ActivitiesByQueue {
  readonly main: HostActivities & NavarchActivities & TemporalActivities & OwnershipActivities & BrokerActivities;
  readonly lambda: LambdaActivities & AccountActivities & SweepActivities & LaunchActivities;
}

export function createActivities(dependencies: ActivityDependencies): ActivitiesByQueue {
  const sweep = createSweepActivities(dependencies);
  return {
    main: {
      ...createHostActivities(dependencies),
      ...createNavarchActivities(dependencies),
      ...createTemporalActivities(dependencies),
      ...createBrokerActivities(dependencies),
      ...sweep.main,
    },
    lambda: {
      ...createLambdaActivities(dependencies),
      ...createAccountActivities(dependencies),
      ...createLaunchActivities(dependencies),
      ...sweep.lambda,
    },
  };
}
