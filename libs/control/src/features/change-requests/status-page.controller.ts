import { createHash } from 'node:crypto';
import { Controller, Get, Param, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Public } from '../../http/access.js';
import { ChangeReader } from './change-reader.js';
import { IN_WORDS } from './change-rows.js';
import { readStatusSecret } from './status-link.js';

const STYLE =
  ':root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;max-width:36rem;margin:4rem auto;padding:0 1rem}';
const STYLE_DIGEST = createHash('sha256').update(STYLE).digest('base64');

/** Nothing is loaded, nothing is framed, and the address (which is the secret) is told to nobody. */
const HEADERS = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': `default-src 'none'; style-src 'sha256-${STYLE_DIGEST}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-robots-tag': 'noindex',
  'cache-control': 'no-store',
};

/** The customer's page: the state and the day, no prices, no names, nothing of anybody else. */
@ApiExcludeController()
@Controller('status')
export class StatusPageController {
  constructor(private readonly changes: ChangeReader) {}

  @Get(':secret')
  @Public()
  async show(@Param('secret') secret: string, @Res() reply: FastifyReply): Promise<void> {
    const digest = readStatusSecret(secret);
    const found = digest && (await this.changes.publicStatus(digest));
    reply.headers(HEADERS).status(found ? 200 : 404);
    if (!found) return void reply.send(page('There is no such page', 'The link is wrong, or it has ended.'));
    const { change, effectiveOn } = found;
    const asked = change.createdAt.toISOString().slice(0, 10);
    const heading = `Your change request ${IN_WORDS[change.state]}`;
    reply.send(page(heading, `Asked for on ${asked}, to take effect on ${effectiveOn}.`));
  }
}

/** Takes fixed texts and days only: nothing that anybody typed. */
function page(heading: string, text: string): string {
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><title>${heading}</title><style>${STYLE}</style></head><body><h1>${heading}</h1><p>${text}</p></body></html>\n`;
}
