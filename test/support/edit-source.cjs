// A loader of the bundler: replaces one text in a source file. CommonJS, because loaders are.
module.exports = function edit(source) {
  const { from, to } = this.getOptions();
  if (source.split(from).length !== 2) throw new Error(`${this.resourcePath} does not have exactly once: ${from}`);
  return source.replace(from, () => to);
};
