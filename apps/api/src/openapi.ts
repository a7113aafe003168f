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
  return SwaggerModule.createDocument(app, config, { autoTagControllers: false });
}
