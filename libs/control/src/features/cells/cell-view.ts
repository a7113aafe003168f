import { REGIONS } from '@bulkhead/domain';
import type { CellEntity } from '@bulkhead/store';
import { ApiProperty } from '@nestjs/swagger';

export class CellView {
  @ApiProperty({ example: 'cel_019bb8f0a1c27d0e8f1a2b3c4d5e6f70' }) id!: string;
  @ApiProperty() name!: string;
  @ApiProperty({ enum: REGIONS }) region!: string;
  @ApiProperty({ description: 'Tenants that may be placed here.' }) capacity!: number;
  @ApiProperty({ enum: ['provisioning', 'active', 'failed'] }) state!: string;
  @ApiProperty({ format: 'date-time' }) createdAt!: string;
}

export class CellPage {
  @ApiProperty({ type: [CellView] }) data!: CellView[];
  @ApiProperty() hasMore!: boolean;
}

export function viewCell({ id, name, region, capacity, state, createdAt }: CellEntity): CellView {
  return { id, name, region, capacity, state, createdAt: createdAt.toISOString() };
}
