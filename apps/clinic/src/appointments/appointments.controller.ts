import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Needs, PartOf } from '../http/access.js';
import { IdempotencyKey, MakesOnce } from '../http/idempotency-key.js';
import { Problems } from '../http/problems.js';
import { AppointmentPage, AppointmentQuery, AppointmentView, BookAppointmentBody } from './appointment-bodies.js';
import { Appointments } from './appointments.js';

@ApiTags('appointments')
@Controller('v1/appointments')
@PartOf('scheduling')
export class AppointmentsController {
  constructor(private readonly appointments: Appointments) {}

  @Post()
  @Needs('clinician', 'front-desk')
  @MakesOnce()
  @Problems(409, 422)
  @ApiOperation({ operationId: 'bookAppointment', summary: 'Book a practitioner for a patient.' })
  @ApiCreatedResponse({ type: AppointmentView })
  book(@Body() body: BookAppointmentBody, @IdempotencyKey() key: string): Promise<AppointmentView> {
    return this.appointments.book(body, key);
  }

  @Get()
  @Needs('clinician', 'front-desk', 'billing')
  @ApiOperation({ operationId: 'listAppointments', summary: 'List the appointments in reach.' })
  @ApiOkResponse({ type: AppointmentPage })
  list(@Query() query: AppointmentQuery): Promise<AppointmentPage> {
    return this.appointments.list(query);
  }

  @Get(':id')
  @Needs('clinician', 'front-desk', 'billing')
  @ApiOperation({ operationId: 'getAppointment', summary: 'Look at one appointment.' })
  @ApiOkResponse({ type: AppointmentView })
  get(@Param('id') id: string): Promise<AppointmentView> {
    return this.appointments.get(id);
  }

  @Post(':id/cancel')
  @HttpCode(200)
  @Needs('clinician', 'front-desk')
  @ApiOperation({ operationId: 'cancelAppointment', summary: 'Cancel an appointment; cancelling again does nothing.' })
  @ApiOkResponse({ type: AppointmentView })
  cancel(@Param('id') id: string): Promise<AppointmentView> {
    return this.appointments.cancel(id);
  }
}
