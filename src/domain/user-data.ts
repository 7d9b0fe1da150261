/** Why text is no cloud-init user data that can be given to a machine together with ours; empty when it can. */
export function userDataProblems(text: string): string[] {
  return text.trim() === '' ? ['must not be empty'] : [];
}
