import { ContextKeyEntity } from '@bulkhead/store';
import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';

/** Which keys the token service has been given; never what is in them. */
@Injectable()
export class ContextKeyReader {
  constructor(private readonly source: DataSource) {}

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
