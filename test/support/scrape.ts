/** One answer of a /metrics endpoint, read as Prometheus reads it. */
export class Scrape {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  static async of(url: string): Promise<Scrape> {
    const response = await fetch(url);
    if (!response.ok) throw new Error(`${url} answers ${response.status}`);
    return new Scrape(await response.text());
  }

  typeOf(name: string): string | undefined {
    return new RegExp(`^# TYPE ${name} (\\w+)$`, 'm').exec(this.text)?.[1];
  }

  helpOf(name: string): string | undefined {
    return new RegExp(`^# HELP ${name} (.*)$`, 'm').exec(this.text)?.[1];
  }

  /** Names of metrics as they are declared: a histogram once. */
  get names(): readonly string[] {
    return [...this.text.matchAll(/^# TYPE (\S+) /gm)].map(([, name = '']) => name);
  }

  /** Every series of a name, such as `x_total` or `x_seconds_count`. */
  series(name: string): readonly { readonly labels: Readonly<Record<string, string>>; readonly value: number }[] {
    return [...this.text.matchAll(new RegExp(`^${name}(?:\\{(.*)\\})? (\\S+)$`, 'gm'))].map(
      ([, labels = '', value]) => ({
        labels: Object.fromEntries(
          [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, key = '', text = '']) => [key, text]),
        ),
        value: Number(value),
      }),
    );
  }

  /** All series with these labels, added up; undefined: there is none. */
  value(name: string, labels: Readonly<Record<string, string>> = {}): number | undefined {
    const found = this.series(name).filter((one) =>
      Object.entries(labels).every(([label, text]) => one.labels[label] === text),
    );
    return found.length === 0 ? undefined : found.reduce((sum, { value }) => sum + value, 0);
  }
}
