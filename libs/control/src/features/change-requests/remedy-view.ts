import { DRIFT_KINDS, type RemedyWish } from '@bulkhead/domain/drift';
import { ApiProperty } from '@nestjs/swagger';

export class RemedyView {
  @ApiProperty({ example: 'fnd_019bb8f0a1c27d0e8f1a2b3c4d5e6f70' }) findingId!: string;
  @ApiProperty({ enum: DRIFT_KINDS, description: 'Kind of the finding.' }) kind!: string;
  @ApiProperty({
    enum: ['create', 'update', 'replace', 'delete', 'believe'],
    description: 'What would be done to the resource; `believe`: only the record changes.',
  })
  action!: string;
  @ApiProperty() stack!: string;
  @ApiProperty() type!: string;
  @ApiProperty() name!: string;
  @ApiProperty({ description: 'URN; of an orphan its type and physical id.' }) resource!: string;
  @ApiProperty({ description: 'Takes away data that nothing gives back.' }) destructive!: boolean;
}

export function viewRemedy(wish: RemedyWish): RemedyView {
  const { findingId, kind, remedy: action, stack, type, name, resource, destructive } = wish;
  return { findingId, kind, action, stack, type, name, resource, destructive };
}
