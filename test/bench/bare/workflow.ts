import { proxyActivities } from '@temporalio/workflow';

/** The least that a workflow can do with so many activities: what this server and this machine give at best. */
export interface BareActivities {
  nothing(): Promise<void>;
}

const { nothing } = proxyActivities<BareActivities>({ startToCloseTimeout: '1 minute' });

export async function bare({ activities }: { readonly activities: number }): Promise<void> {
  for (let done = 0; done < activities; done += 1) await nothing();
}
