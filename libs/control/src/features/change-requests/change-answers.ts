import { ApiProperty, ApiPropertyOptional, OmitType } from '@nestjs/swagger';
import { IsBase64, IsIn, IsString, Length, Matches, MaxLength } from 'class-validator';
import { MayBeAbsent } from '../../http/absent.js';
import { ChangeFailureView, ChangeView } from './change-view.js';

export class DryRunQuery {
  @ApiPropertyOptional({ enum: ['true', 'false'], default: 'false', description: 'Check everything and keep nothing.' })
  @MayBeAbsent()
  @IsIn(['true', 'false'])
  dry_run?: 'true' | 'false';
}

export class ChangeRequested {
  @ApiProperty({ type: ChangeView }) change!: ChangeView;
  @ApiProperty({ type: String, nullable: true, description: 'Path of the customer’s page; shown this once.' })
  statusPath!: string | null;
}

class ChangePreview extends OmitType(ChangeView, ['id', 'createdAt', 'closedAt']) {}

export class ChangeRehearsed {
  @ApiProperty({ enum: [true] }) dryRun!: true;
  @ApiProperty({ type: ChangePreview }) change!: ChangePreview;
}

export class ApplyBody {
  @ApiProperty({ pattern: '^[0-9a-f]{64}$', description: 'Hash of the quote that was approved.' })
  @IsString()
  @Matches(/^[0-9a-f]{64}$/, { message: 'quoteHash must be the hash of the quote' })
  quoteHash!: string;
}

class ChangeOperation {
  @ApiProperty() id!: string;
}

export class ChangeAccepted {
  @ApiProperty({ type: ChangeView }) change!: ChangeView;
  @ApiProperty({ type: ChangeOperation }) operation!: ChangeOperation;
}

export class ImportChangesBody {
  @ApiProperty({
    description:
      'A CSV file in base64: UTF-8, with the heading tenant,tier,plan,quantity,effective_on,reason,contact_email.',
  })
  @IsString()
  @Length(1, 60_000)
  @MaxLength(60_000)
  @IsBase64()
  csvBase64!: string;
}

export class ImportedRow {
  @ApiProperty({ description: 'Line of the file; the heading is line 1.' }) line!: number;
  @ApiProperty({ enum: ['created', 'checked', 'refused'] }) outcome!: 'created' | 'checked' | 'refused';
  @ApiProperty({ type: ChangeView, nullable: true }) change!: ChangeView | null;
  @ApiProperty({ type: String, nullable: true }) statusPath!: string | null;
  @ApiProperty({ type: ChangeFailureView, nullable: true }) error!: ChangeFailureView | null;
}

export class ImportedChanges {
  @ApiProperty({ type: [ImportedRow] }) rows!: ImportedRow[];
}
