import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsBase64, Length, Matches } from 'class-validator';
import { MayBeAbsent, PageQuery } from '../http/page.js';
import { idPattern } from '../ids.js';

/** Bytes of a document. */
export const LARGEST_DOCUMENT = 4 * 1024 * 1024;
const LONGEST_BASE64 = Math.ceil(LARGEST_DOCUMENT / 3) * 4;
const CONTENT_TYPE = /^(application\/pdf|image\/(png|jpeg)|text\/plain)$/;

export class StoreDocumentBody {
  @ApiProperty({ pattern: idPattern('patient').source })
  @Matches(idPattern('patient'), { message: 'patientId must be the id of a patient' })
  patientId!: string;

  @ApiProperty({ minLength: 1, maxLength: 200 })
  @Length(1, 200)
  name!: string;

  @ApiProperty({ pattern: CONTENT_TYPE.source, example: 'application/pdf' })
  @Matches(CONTENT_TYPE, { message: 'contentType must be PDF, PNG, JPEG or plain text' })
  contentType!: string;

  @ApiProperty({ format: 'byte', minLength: 1, maxLength: LONGEST_BASE64, description: 'At most 4 MiB, in base64.' })
  @Length(1, LONGEST_BASE64)
  @IsBase64({}, { message: 'content must be base64' })
  content!: string;
}

export class DocumentQuery extends PageQuery {
  @ApiPropertyOptional({ pattern: idPattern('patient').source })
  @MayBeAbsent()
  @Matches(idPattern('patient'), { message: 'patient_id must be the id of a patient' })
  patient_id?: string;
}

export class DocumentView {
  @ApiProperty() id!: string;
  @ApiProperty() unitId!: string;
  @ApiProperty() patientId!: string;
  @ApiProperty() name!: string;
  @ApiProperty() contentType!: string;
  @ApiProperty({ type: 'integer' }) bytes!: number;
  @ApiProperty({ description: 'SHA-256 of the content, hexadecimal.' }) sha256!: string;
}

export class DocumentPage {
  @ApiProperty({ type: [DocumentView] }) data!: DocumentView[];
  @ApiProperty() hasMore!: boolean;
}
