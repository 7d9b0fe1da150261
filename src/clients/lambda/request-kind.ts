/** What a request asks of Lambda, one word per operation: what a caller paces and measures by. */
export type LambdaRequestKind =
  | 'listInstances'
  | 'getInstance'
  | 'listInstanceTypes'
  | 'launchInstance'
  | 'terminateInstance'
  | 'updateInstance'
  | 'listSshKeys'
  | 'listImages'
  | 'listRegions';

/** Whether a request changes something, so that an unanswered one may have happened. */
export function mutates(kind: LambdaRequestKind): boolean {
  return kind === 'launchInstance' || kind === 'terminateInstance' || kind === 'updateInstance';
}
