import type { Redacted } from '@bulkhead/kernel';
import { Module, type DynamicModule } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { CommandGate } from '../../gate/index.js';
import { SigningKeys } from './signing-keys.js';
import { TokenService } from './token-service.js';
import { TokenVault } from './token-vault.js';
import { TokensController } from './tokens.controller.js';

@Module({})
export class TokensHttpModule {
  /**
   * @param issuer `iss` of the tokens.
   * @param secret 32 random bytes, the same in every API process; they never reach the database.
   */
  static signing({ issuer, secret }: { issuer: string; secret: Redacted<Uint8Array> }): DynamicModule {
    return {
      module: TokensHttpModule,
      controllers: [TokensController],
      providers: [
        { provide: TokenVault, useValue: new TokenVault(secret) },
        {
          provide: SigningKeys,
          useFactory: (source: DataSource, gate: CommandGate, vault: TokenVault) =>
            new SigningKeys(source, gate, vault),
          inject: [DataSource, CommandGate, TokenVault],
        },
        {
          provide: TokenService,
          useFactory: (source: DataSource, gate: CommandGate, vault: TokenVault, keys: SigningKeys) =>
            new TokenService(source, gate, vault, keys, issuer),
          inject: [DataSource, CommandGate, TokenVault, SigningKeys],
        },
      ],
    };
  }
}
