import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsInt, Matches, Max, Min } from 'class-validator';
import { MayBeAbsent, PageQuery } from '../http/page.js';
import { idPattern } from '../ids.js';

const CODE = /^[A-Z0-9]{3,10}$/;
const CURRENCY = /^[A-Z]{3}$/;
export const CLAIM_STATES = ['submitted', 'accepted', 'rejected'] as const;
export type ClaimState = (typeof CLAIM_STATES)[number];

export class SubmitClaimBody {
  @ApiProperty({ pattern: idPattern('appointment').source })
  @Matches(idPattern('appointment'), { message: 'appointmentId must be the id of an appointment' })
  appointmentId!: string;

  @ApiProperty({ pattern: CODE.source, description: 'What was done, in the code of the payer.', example: '99213' })
  @Matches(CODE, { message: 'procedureCode must be 3 to 10 capital letters and digits' })
  procedureCode!: string;

  @ApiProperty({ type: 'integer', minimum: 1, description: 'Minor units of the currency.' })
  @IsInt()
  @Min(1)
  @Max(1_000_000_000)
  amount!: number;

  @ApiProperty({ pattern: CURRENCY.source, example: 'USD' })
  @Matches(CURRENCY, { message: 'currency must be a code of ISO 4217' })
  currency!: string;
}

export class ClaimQuery extends PageQuery {
  @ApiPropertyOptional({ pattern: idPattern('appointment').source })
  @MayBeAbsent()
  @Matches(idPattern('appointment'), { message: 'appointment_id must be the id of an appointment' })
  appointment_id?: string;
}

export class ClaimView {
  @ApiProperty() id!: string;
  @ApiProperty() unitId!: string;
  @ApiProperty() patientId!: string;
  @ApiProperty() appointmentId!: string;
  @ApiProperty() procedureCode!: string;
  @ApiProperty({ type: 'integer' }) amount!: number;
  @ApiProperty() currency!: string;
  @ApiProperty({ enum: CLAIM_STATES }) state!: ClaimState;
  @ApiProperty({ type: String, nullable: true, description: 'Why the payer rejected it.' }) refusal!: string | null;
}

export class ClaimPage {
  @ApiProperty({ type: [ClaimView] }) data!: ClaimView[];
  @ApiProperty() hasMore!: boolean;
}
