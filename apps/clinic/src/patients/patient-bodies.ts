import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsISO8601, Length, Matches } from 'class-validator';
import { MayBeAbsent, PageQuery } from '../http/page.js';
import { idPattern } from '../ids.js';

const DAY = /^\d{4}-\d{2}-\d{2}$/;

export class CreatePatientBody {
  @ApiProperty({ pattern: idPattern('org unit').source })
  @Matches(idPattern('org unit'), { message: 'unitId must be the id of an org unit' })
  unitId!: string;

  @ApiProperty({ minLength: 1, maxLength: 200 })
  @Length(1, 200)
  familyName!: string;

  @ApiProperty({ minLength: 1, maxLength: 200 })
  @Length(1, 200)
  givenName!: string;

  @ApiProperty({ format: 'date', example: '1984-02-29' })
  @Matches(DAY, { message: 'birthDate must be a date such as 1984-02-29' })
  @IsISO8601({ strict: true }, { message: 'birthDate must be a day that exists' })
  birthDate!: string;

  @ApiPropertyOptional({ minLength: 1, maxLength: 64, description: 'Kept encrypted.' })
  @MayBeAbsent()
  @Length(1, 64)
  nationalId?: string;

  @ApiPropertyOptional({ minLength: 1, maxLength: 10_000, description: 'Kept encrypted.' })
  @MayBeAbsent()
  @Length(1, 10_000)
  notes?: string;
}

export class ChangePatientBody {
  @ApiPropertyOptional({
    pattern: idPattern('org unit').source,
    description: 'Moves the patient with all that belongs to it.',
  })
  @MayBeAbsent()
  @Matches(idPattern('org unit'), { message: 'unitId must be the id of an org unit' })
  unitId?: string;

  @ApiPropertyOptional({ minLength: 1, maxLength: 200 })
  @MayBeAbsent()
  @Length(1, 200)
  familyName?: string;

  @ApiPropertyOptional({ minLength: 1, maxLength: 200 })
  @MayBeAbsent()
  @Length(1, 200)
  givenName?: string;

  @ApiPropertyOptional({ minLength: 1, maxLength: 10_000, description: 'Kept encrypted.' })
  @MayBeAbsent()
  @Length(1, 10_000)
  notes?: string;
}

export class PatientQuery extends PageQuery {
  @ApiPropertyOptional({ minLength: 1, maxLength: 200, description: 'What the family name begins with.' })
  @MayBeAbsent()
  @Length(1, 200)
  family_name?: string;
}

export class PatientView {
  @ApiProperty() id!: string;
  @ApiProperty() unitId!: string;
  @ApiProperty() familyName!: string;
  @ApiProperty() givenName!: string;
  @ApiProperty({ format: 'date' }) birthDate!: string;
  @ApiProperty({ format: 'date-time' }) createdAt!: string;
}

/** One patient, with what lists leave out. */
export class PatientDetail extends PatientView {
  @ApiProperty({ type: String, nullable: true }) nationalId!: string | null;
  @ApiProperty({ type: String, nullable: true }) notes!: string | null;
}

export class PatientPage {
  @ApiProperty({ type: [PatientView] }) data!: PatientView[];
  @ApiProperty() hasMore!: boolean;
}
