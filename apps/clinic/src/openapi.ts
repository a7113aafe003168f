import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';

/** The OpenAPI 3.1 document. It depends on the code alone. */
export function openapiDocument(app: INestApplication): OpenAPIObject {
  const config = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('Clinic')
    .setDescription('Sample service of the workload plane: patients, appointments and claims of many tenants.')
    .setVersion('1')
    .addBearerAuth(
      { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: 'Tenant token for the audience "clinic".' },
      'tenant',
    )
    .build();
  return SwaggerModule.createDocument(app, config, { autoTagControllers: false });
}
