import { createAccountActivities } from './account.ts';
import { createBrokerActivities } from './broker.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { createExaminationActivities } from './examine.ts';
import { createHostActivities } from './host.ts';
import { createLambdaActivities } from './lambda.ts';
import { createLaunchActivities } from './launch.ts';
import { createNavarchActivities } from './navarch.ts';
import { createSweepActivities } from './sweep.ts';
import { createTemporalActivities } from './temporal.ts';
import type {
  AccountActivities,
  BrokerActivities,
  ExaminationActivities,
  HostActivities,
  LambdaActivities,
  LambdaExaminationActivities,
  LaunchActivities,
  NavarchActivities,
  OwnershipActivities,
  SweepActivities,
  TemporalActivities,
} from './types.ts';

/** The activities of each task queue (contract/task-queues.ts). */
export interface ActivitiesByQueue {
  readonly main: HostActivities &
    NavarchActivities &
    TemporalActivities &
    OwnershipActivities &
    BrokerActivities &
    ExaminationActivities;
  readonly lambda: LambdaActivities &
    AccountActivities &
    SweepActivities &
    LaunchActivities &
    LambdaExaminationActivities;
}

export function createActivities(dependencies: ActivityDependencies): ActivitiesByQueue {
  const examination = createExaminationActivities(dependencies);
  const sweep = createSweepActivities(dependencies);
  return {
    main: {
      ...createHostActivities(dependencies),
      ...createNavarchActivities(dependencies),
      ...createTemporalActivities(dependencies),
      ...createBrokerActivities(dependencies),
      ...sweep.main,
      ...examination.main,
    },
    lambda: {
      ...createLambdaActivities(dependencies),
      ...createAccountActivities(dependencies),
      ...createLaunchActivities(dependencies),
      ...sweep.lambda,
      ...examination.lambda,
    },
  };
}
