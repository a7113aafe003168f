import { Redacted } from '@bulkhead/kernel';
import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import {
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiProperty,
  ApiTags,
} from '@nestjs/swagger';
import { CommandGate, type Call } from '../../gate/index.js';
import { Allow, Caller, Deletes, idFrom, PageQuery, READERS, Sends, type Page } from '../../http/index.js';
import { ApiKeyReader, makeApiKey } from './api-key-reader.js';
import { ApiKeyPage, ApiKeyView, fingerprint } from './api-key-view.js';
import { CreateApiKey, CreateApiKeyBody } from './create-api-key.js';
import { RevokeApiKey } from './revoke-api-key.js';

class ApiKeyCreated extends ApiKeyView {
  @ApiProperty({
    type: String,
    nullable: true,
    description: 'The key. Shown once; null when the request is a repetition.',
  })
  key!: string | null;
  @ApiProperty() note!: string;
}

@ApiTags('access')
@Controller('v1/api-keys')
export class ApiKeysController {
  constructor(
    private readonly gate: CommandGate,
    private readonly keys: ApiKeyReader,
  ) {}

  @Post()
  @Sends(CreateApiKey)
  @ApiOperation({ operationId: 'createApiKey', summary: 'Make an API key with some of your roles.' })
  @ApiCreatedResponse({ type: ApiKeyCreated })
  async create(@Body() body: CreateApiKeyBody, @Caller() call: Call): Promise<ApiKeyCreated> {
    const { key, digest } = makeApiKey();
    const created = await this.gate.execute(
      new CreateApiKey({ ...body, creator: call.principal, digest: new Redacted(digest) }),
      call,
    );
    // The gate keeps answers for repetitions, and it never saw this key.
    const repeated = created.fingerprint !== fingerprint(digest);
    return repeated
      ? {
          ...created,
          key: null,
          note: 'This request was answered before, and its key is shown only once. If it is lost, revoke it and make another.',
        }
      : { ...created, key: key.reveal(), note: 'Keep the key now: it cannot be shown again.' };
  }

  @Get()
  @Allow(...READERS)
  @ApiOperation({
    operationId: 'listApiKeys',
    summary: 'API keys, newest first: your own, or all for platform admins and auditors.',
  })
  @ApiOkResponse({ type: ApiKeyPage })
  list(@Query() query: PageQuery, @Caller() call: Call): Promise<Page<ApiKeyView>> {
    return this.keys.list(query, call.principal);
  }

  @Delete(':id')
  @HttpCode(204)
  @Deletes(RevokeApiKey)
  @ApiOperation({ operationId: 'revokeApiKey', summary: 'End an API key at once.' })
  @ApiNoContentResponse()
  async revoke(@Param('id') id: string, @Caller() call: Call): Promise<void> {
    await this.gate.execute(new RevokeApiKey({ id: idFrom('apiKey', id, 'api key'), revoker: call.principal }), call);
  }
}
