import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';

/** The OpenAPI 3.1 document. It depends on the code alone: the same build always gives the same document. */
export function openapiDocument(app: INestApplication): OpenAPIObject {
  const config = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('Bulkhead')
    .setDescription('Control plane that provisions tenants in a shared plane or on dedicated resources.')
    .setVersion('1')
    .addBearerAuth(
      { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: 'Access token of the identity provider.' },
      'oidc',
    )
    .addSecurity('apiKey', { type: 'http', scheme: 'bearer', bearerFormat: 'bhk_…', description: 'API key.' })
    .build();
  return wholeNumbers(SwaggerModule.createDocument(app, config, { autoTagControllers: false }));
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
