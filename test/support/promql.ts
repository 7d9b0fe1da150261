import type { SyntaxNode } from '@lezer/common';
import { parser } from '@prometheus-io/lezer-promql';

/** What a PromQL expression names. */
export interface Named {
  /** Metrics, as they are selected: of a histogram with `_bucket`, `_sum` or `_count`. */
  readonly metrics: readonly string[];
  /** By metric, the labels that its selector compares, and with what. */
  readonly matchers: readonly { readonly metric: string; readonly label: string; readonly value: string }[];
  /** Every label that it groups, joins or compares by. */
  readonly labels: readonly string[];
}

/** @throws Error where the expression is none, saying at which place */
export function readPromQl(expression: string): Named {
  const metrics: string[] = [];
  const labels: string[] = [];
  const matchers: { metric: string; label: string; value: string }[] = [];
  const textOf = ({ from, to }: { from: number; to: number }): string => expression.slice(from, to);
  parser.parse(expression).iterate({
    enter: (reference) => {
      const node: SyntaxNode = reference.node;
      if (reference.type.isError)
        throw new Error(`no PromQL, at ${reference.from}: ${expression.slice(reference.from)} (in: ${expression})`);
      if (reference.name === 'LabelName') labels.push(textOf(reference));
      if (reference.name !== 'VectorSelector') return;
      const identifier = node.getChild('Identifier');
      if (identifier === null) throw new Error(`a selector without a metric: ${textOf(reference)}`);
      const metric = textOf(identifier);
      metrics.push(metric);
      for (const matcher of node.getChild('LabelMatchers')?.getChildren('UnquotedLabelMatcher') ?? []) {
        const label = matcher.getChild('LabelName');
        const value = matcher.getChild('StringLiteral');
        if (label !== null && value !== null)
          matchers.push({ metric, label: textOf(label), value: textOf(value).slice(1, -1) });
      }
    },
  });
  if (metrics.length === 0) throw new Error(`it selects nothing: ${expression}`);
  return { metrics, matchers, labels };
}
