import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';

/** The OpenAPI 3.1 document. It depends on the code alone: the same build always gives the same document. */
export function openapiDocument(app: INestApplication): OpenAPIObject {
  const config = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('Bulkhead')
    .setDescription('Control plane that provisions tenants in a shared plane or on dedicated resources.')
    .setVersion('1')
    .setLicense('Apache-2.0', 'https://www.apache.org/licenses/LICENSE-2.0')
    .addServer('/', 'The installation that this document is read from.')
    .addBearerAuth(
      { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: 'Access token of the identity provider.' },
      'oidc',
    )
    .addSecurity('apiKey', { type: 'http', scheme: 'bearer', bearerFormat: 'bhk_…', description: 'API key.' })
    .build();
  return openToAll(wholeNumbers(SwaggerModule.createDocument(app, config, { autoTagControllers: false })));
}

/** What asks for no credential says so, instead of leaving it open. */
function openToAll(document: OpenAPIObject): OpenAPIObject {
  for (const item of Object.values(document.paths))
    for (const operation of [item.get, item.post, item.delete]) if (operation) operation.security ??= [];
  return document;
}

/** Every number of this API is a whole one (money is in minor units), which TypeScript's types cannot say. */
function wholeNumbers<T>(part: T): T {
  if (Array.isArray(part)) return part.map(wholeNumbers) as T;
  if (part === null || typeof part !== 'object') return part;
  const members = Object.entries(part).map(([name, member]) => [
    name,
    name === 'type' ? whole(member) : wholeNumbers(member),
  ]);
  return Object.fromEntries(members) as T;
}

function whole(type: unknown): unknown {
  if (Array.isArray(type)) return type.map(whole);
  return type === 'number' ? 'integer' : type;
}
