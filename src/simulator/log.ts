/** Where the simulator tells what happens, if anywhere. Constant messages, facts as fields. */
export interface SimulatorLog {
  info(message: string, fields?: Readonly<Record<string, unknown>>): void;
  error(message: string, fields?: Readonly<Record<string, unknown>>): void;
}

export const SILENT: SimulatorLog = { info: () => undefined, error: () => undefined };
