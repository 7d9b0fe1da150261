/** An account of the machine. */
export interface User {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

export const ROOT_USER: User = { name: 'root', uid: 0, gid: 0, home: '/root' };
export const UBUNTU_USER: User = { name: 'ubuntu', uid: 1000, gid: 1000, home: '/home/ubuntu' };
const OTHERS: readonly User[] = [
  { name: 'daemon', uid: 1, gid: 1, home: '/usr/sbin' },
  { name: 'nobody', uid: 65_534, gid: 65_534, home: '/nonexistent' },
];
export const USERS: readonly User[] = [ROOT_USER, UBUNTU_USER, ...OTHERS];

/** By name or number. */
export function findUser(text: string): User | undefined {
  return USERS.find((user) => user.name === text || String(user.uid) === text);
}

/** The group of the same name as the user, plus the ones every Ubuntu has that scripts name. */
export function findGroup(text: string): number | undefined {
  if (text === 'adm') return 4;
  if (text === 'sudo') return 27;
  if (text === 'nogroup') return 65_534;
  if (/^\d+$/.test(text)) return Number(text);
  return findUser(text)?.gid;
}

export function userName(uid: number): string {
  return findUser(String(uid))?.name ?? 'UNKNOWN';
}

export function groupName(gid: number): string {
  if (gid === 65_534) return 'nogroup';
  return USERS.find((user) => user.gid === gid)?.name ?? 'UNKNOWN';
}
