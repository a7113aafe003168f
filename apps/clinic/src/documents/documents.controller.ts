import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query, StreamableFile } from '@nestjs/common';
import { ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Needs, PartOf } from '../http/access.js';
import { IdempotencyKey, MakesOnce } from '../http/idempotency-key.js';
import { DocumentPage, DocumentQuery, DocumentView, StoreDocumentBody } from './document-bodies.js';
import { Documents } from './documents.js';

@ApiTags('documents')
@Controller('v1/documents')
@PartOf('charting')
export class DocumentsController {
  constructor(private readonly documents: Documents) {}

  @Post()
  @Needs('clinician', 'front-desk')
  @MakesOnce()
  @ApiOperation({ operationId: 'storeDocument', summary: 'Store a document of a patient.' })
  @ApiCreatedResponse({ type: DocumentView })
  store(@Body() body: StoreDocumentBody, @IdempotencyKey() key: string): Promise<DocumentView> {
    return this.documents.store(body, key);
  }

  @Get()
  @Needs('clinician', 'front-desk')
  @ApiOperation({ operationId: 'listDocuments', summary: 'List the documents in reach.' })
  @ApiOkResponse({ type: DocumentPage })
  list(@Query() query: DocumentQuery): Promise<DocumentPage> {
    return this.documents.list(query);
  }

  @Get(':id')
  @Needs('clinician', 'front-desk')
  @ApiOperation({ operationId: 'getDocument', summary: 'Look at one document.' })
  @ApiOkResponse({ type: DocumentView })
  get(@Param('id') id: string): Promise<DocumentView> {
    return this.documents.get(id);
  }

  @Get(':id/content')
  @Needs('clinician', 'front-desk')
  @ApiOperation({ operationId: 'getDocumentContent', summary: 'Read the content of a document.' })
  @ApiOkResponse({ content: { '*/*': { schema: { type: 'string', format: 'binary' } } } })
  async content(@Param('id') id: string): Promise<StreamableFile> {
    const { body, contentType, size } = await this.documents.content(id);
    // Always to be saved: what somebody uploaded must not run in the browser as ours.
    return new StreamableFile(body, {
      type: contentType ?? 'application/octet-stream',
      length: size,
      disposition: 'attachment',
    });
  }

  @Delete(':id')
  @HttpCode(204)
  @Needs('clinician')
  @ApiOperation({ operationId: 'removeDocument', summary: 'Remove a document.' })
  @ApiNoContentResponse()
  remove(@Param('id') id: string): Promise<void> {
    return this.documents.remove(id);
  }
}
