import { ContextKeyEntity } from '@bulkhead/store';
import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';

/** Which keys the token service has been given; never what is in them. */
@Injectable()
export class ContextKeyReader {
  constructor(private readonly source: DataSource) {}

  /** The key that signs, of each home where it has signed since before `since`. */
  async signingSinceBefore(since: Date): Promise<{ home: string; id: string }[]> {
    return this.source.manager.query(
      `select home, id from (
         select distinct on (home) home, id, added_at from control.context_keys order by home, added desc) newest
        where added_at < $1 order by home`,
      [since],
    );
  }

  /** Ids of the home's keys, the one that signs first. */
  async ids(home: string): Promise<string[]> {
    const rows = await this.source.manager.find(ContextKeyEntity, {
      select: { home: true, id: true },
      where: { home },
      order: { added: 'DESC' },
    });
    return rows.map(({ id }) => id);
  }
}
