import type { TenantId } from '@bulkhead/kernel';
import { Body, Controller, Get, HttpCode, Param, Post, Req, Res } from '@nestjs/common';
import {
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiProperty,
  ApiResponse,
  ApiTags,
} from '@nestjs/swagger';
import { Length, Matches } from 'class-validator';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { CommandGate, principalName, type Call } from '../../gate/index.js';
import { Allow, Caller, idFrom, Public, Sends, withEtag } from '../../http/index.js';
import { ExchangeContext } from './exchange-context.js';
import { IssueTenantToken, IssueTenantTokenBody } from './issue-tenant-token.js';
import { RevokeTenantTokens, RevokeTenantTokensBody } from './revoke-tenant-tokens.js';
import { RotateSigningKeys, RotateSigningKeysBody, SigningKeysRotated } from './rotate-signing-keys.js';
import { SigningKeys } from './signing-keys.js';
import { TokenRevocationList } from './token-revocation-view.js';
import { TokenService } from './token-service.js';

const ONCE = 'Shown once; null when the request is a repetition.';

class TenantTokenIssued {
  @ApiProperty({ type: String, nullable: true, description: `The token. ${ONCE}` }) token!: string | null;
  @ApiProperty({ description: 'Its jti: what revocations name.' }) tokenId!: string;
  @ApiProperty() tenantId!: string;
  @ApiProperty({ description: 'Unix time, seconds.' }) issuedAt!: number;
  @ApiProperty({ description: 'Unix time, seconds.' }) expiresAt!: number;
}

class ExchangeContextBody {
  @ApiProperty({ maxLength: 8192, description: 'Token of the tenant that holds a database context.' })
  @Length(1, 8192)
  @Matches(/^[\w.-]+$/, { message: 'token must be a compact JWT' })
  token!: string;
}

class ContextExchanged {
  @ApiProperty({ type: String, nullable: true, description: `The signed database context. ${ONCE}` })
  context!: string | null;
  @ApiProperty({ description: 'Database that owns the tenant’s writes.' }) home!: string;
  @ApiProperty({ description: 'Epoch of the database placement.' }) epoch!: number;
  @ApiProperty({ description: 'Unix time, seconds; that of the token.' }) expiresAt!: number;
}

class JsonWebKeySet {
  @ApiProperty({ type: 'array', items: { type: 'object', additionalProperties: true } }) keys!: object[];
}

@ApiTags('tokens')
@Controller('v1')
export class TokensController {
  constructor(
    private readonly gate: CommandGate,
    private readonly tokens: TokenService,
    private readonly keys: SigningKeys,
  ) {}

  @Get('.well-known/jwks.json')
  @Public()
  @ApiOperation({ operationId: 'getTokenKeys', summary: 'Keys that tenants’ tokens are verified with (RFC 7517).' })
  @ApiOkResponse({ type: JsonWebKeySet })
  async jwks(@Res({ passthrough: true }) reply: FastifyReply): Promise<JsonWebKeySet> {
    reply.header('cache-control', 'public, max-age=300');
    return { keys: await this.keys.published() };
  }

  @Post('tenants/:id/tokens')
  @Sends(IssueTenantToken)
  @ApiOperation({ operationId: 'issueTenantToken', summary: 'Issue a short-lived token for a tenant.' })
  @ApiCreatedResponse({ type: TenantTokenIssued })
  async issue(
    @Param('id') id: string,
    @Body() body: IssueTenantTokenBody,
    @Caller() call: Call,
  ): Promise<TenantTokenIssued> {
    const given = await this.tokens.issue(tenantOf(id), body, call);
    const { tokenId, tenantId, issuedAt, expiresAt, secret } = given;
    return { token: secret?.reveal() ?? null, tokenId, tenantId, issuedAt, expiresAt };
  }

  @Post('tenants/:id/tokens/revoke')
  @HttpCode(204)
  @Sends(RevokeTenantTokens)
  @ApiOperation({ operationId: 'revokeTenantTokens', summary: 'Revoke a token, a subject’s tokens, or all so far.' })
  @ApiNoContentResponse()
  async revoke(@Param('id') id: string, @Body() body: RevokeTenantTokensBody, @Caller() call: Call): Promise<void> {
    const revokedBy = principalName(call.principal);
    await this.gate.execute(new RevokeTenantTokens({ ...body, tenantId: tenantOf(id), revokedBy }), call);
  }

  @Post('tenants/:id/contexts')
  @Sends(ExchangeContext)
  @ApiOperation({
    operationId: 'exchangeContext',
    summary: 'Exchange a tenant’s token for a database context where the tenant is now.',
  })
  @ApiCreatedResponse({ type: ContextExchanged })
  async exchange(
    @Param('id') id: string,
    @Body() { token }: ExchangeContextBody,
    @Caller() call: Call,
  ): Promise<ContextExchanged> {
    const { secret, home, epoch, expiresAt } = await this.tokens.exchange(tenantOf(id), token, call);
    return { context: secret?.reveal() ?? null, home, epoch, expiresAt };
  }

  @Get('token-revocations')
  @Allow('platform-admin', 'auditor', 'tenancy-issuer', 'tenancy-service', 'tenancy-worker')
  @ApiOperation({
    operationId: 'listTokenRevocations',
    summary: 'Revoked tokens that may not have expired; services poll this and refuse them.',
  })
  @ApiOkResponse({ type: TokenRevocationList, headers: { ETag: { schema: { type: 'string' } } } })
  @ApiResponse({ status: 304, description: 'The version that If-None-Match names is current.' })
  async revocations(
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<TokenRevocationList | undefined> {
    return withEtag(await this.tokens.revocations(), request, reply);
  }

  @Post('signing-keys/rotate')
  @HttpCode(200)
  @Sends(RotateSigningKeys)
  @ApiOperation({ operationId: 'rotateSigningKeys', summary: 'Let the next signing key take over.' })
  @ApiOkResponse({ type: SigningKeysRotated })
  rotate(@Body() body: RotateSigningKeysBody, @Caller() call: Call): Promise<SigningKeysRotated> {
    return this.keys.rotate(body, call);
  }
}

function tenantOf(id: string): TenantId {
  return idFrom('tenant', id, 'tenant');
}
