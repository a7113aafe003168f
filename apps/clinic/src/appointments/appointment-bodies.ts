import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Matches } from 'class-validator';
import { IsInstant } from '../http/instant.js';
import { MayBeAbsent, PageQuery } from '../http/page.js';
import { idPattern } from '../ids.js';

/** An id of the identity provider: never a name. */
const PRACTITIONER = /^[\x21-\x7e]{1,200}$/;
const practitioner = { message: 'the practitioner must be 1 to 200 visible ASCII characters' };

export class BookAppointmentBody {
  @ApiProperty({ pattern: idPattern('patient').source })
  @Matches(idPattern('patient'), { message: 'patientId must be the id of a patient' })
  patientId!: string;

  @ApiProperty({ pattern: PRACTITIONER.source, description: 'Id of the practitioner at the identity provider.' })
  @Matches(PRACTITIONER, practitioner)
  practitionerId!: string;

  @ApiProperty({ format: 'date-time' })
  @IsInstant()
  startsAt!: string;

  @ApiProperty({
    format: 'date-time',
    description: 'After startsAt, by at most a day. The next appointment may begin then.',
  })
  @IsInstant()
  endsAt!: string;
}

export class AppointmentQuery extends PageQuery {
  @ApiPropertyOptional({ pattern: idPattern('patient').source })
  @MayBeAbsent()
  @Matches(idPattern('patient'), { message: 'patient_id must be the id of a patient' })
  patient_id?: string;

  @ApiPropertyOptional({ pattern: PRACTITIONER.source })
  @MayBeAbsent()
  @Matches(PRACTITIONER, practitioner)
  practitioner_id?: string;
}

export class AppointmentView {
  @ApiProperty() id!: string;
  @ApiProperty() unitId!: string;
  @ApiProperty() patientId!: string;
  @ApiProperty() practitionerId!: string;
  @ApiProperty({ format: 'date-time' }) startsAt!: string;
  @ApiProperty({ format: 'date-time' }) endsAt!: string;
  @ApiProperty({ enum: ['booked', 'cancelled'] }) state!: 'booked' | 'cancelled';
}

export class AppointmentPage {
  @ApiProperty({ type: [AppointmentView] }) data!: AppointmentView[];
  @ApiProperty() hasMore!: boolean;
}
