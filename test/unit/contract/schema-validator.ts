import { fastify } from 'fastify';

/** Whether a value is valid by a JSON Schema, as a service in another language would judge it: by a validator that knows nothing of zod. */
export async function validatorOf(schema: unknown): Promise<(value: unknown) => boolean> {
  const server = fastify({
    // No coercion and nothing removed: the value is judged as it is.
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false, useDefaults: false } },
  });
  let validate: (value: unknown) => boolean = () => false;
  server.get('/', (request) => {
    const compiled = request.compileValidationSchema(schema as Record<string, unknown>);
    validate = (value) => compiled(value);
    return {};
  });
  const { statusCode, body } = await server.inject('/');
  await server.close();
  if (statusCode !== 200) throw new Error(`the schema does not compile: ${body}`);
  return validate;
}
