import type { CommandNode, SimpleCommandNode, WordNode } from 'just-bash';

// just-bash's parser exports its main nodes only; the others are parts of them.
export type { CommandNode, PipelineNode, ScriptNode, SimpleCommandNode, StatementNode, WordNode } from 'just-bash';

export type FunctionNode = Extract<CommandNode, { type: 'FunctionDef' }>;
export type CompoundNode = Exclude<CommandNode, SimpleCommandNode | FunctionNode>;
export type Compound<Type extends CompoundNode['type']> = Extract<CompoundNode, { type: Type }>;
export type Redirection = SimpleCommandNode['redirections'][number];
export type Assignment = SimpleCommandNode['assignments'][number];
export type WordPart = WordNode['parts'][number];
export type Part<Type extends WordPart['type']> = Extract<WordPart, { type: Type }>;
export type ParameterOperation = NonNullable<Part<'ParameterExpansion'>['operation']>;
export type ArithmeticNode = Part<'ArithmeticExpansion'>['expression'];
export type ArithmeticExpression = ArithmeticNode['expression'];
export type Condition = Compound<'ConditionalCommand'>['expression'];
