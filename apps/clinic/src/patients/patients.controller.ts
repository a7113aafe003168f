import { Body, Controller, Get, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Needs } from '../http/access.js';
import { IdempotencyKey, MakesOnce } from '../http/idempotency-key.js';
import { ChangePatientBody, CreatePatientBody, PatientDetail, PatientPage, PatientQuery } from './patient-bodies.js';
import { Patients } from './patients.js';

@ApiTags('patients')
@Controller('v1/patients')
export class PatientsController {
  constructor(private readonly patients: Patients) {}

  @Post()
  @Needs('clinician', 'front-desk')
  @MakesOnce()
  @ApiOperation({ operationId: 'createPatient', summary: 'Register a patient in an org unit.' })
  @ApiCreatedResponse({ type: PatientDetail })
  create(@Body() body: CreatePatientBody, @IdempotencyKey() key: string): Promise<PatientDetail> {
    return this.patients.create(body, key);
  }

  @Get()
  @Needs('clinician', 'front-desk', 'billing')
  @ApiOperation({ operationId: 'listPatients', summary: 'List the patients in reach.' })
  @ApiOkResponse({ type: PatientPage })
  list(@Query() query: PatientQuery): Promise<PatientPage> {
    return this.patients.list(query);
  }

  @Get(':id')
  @Needs('clinician', 'front-desk', 'billing')
  @ApiOperation({ operationId: 'getPatient', summary: 'Look at one patient.' })
  @ApiOkResponse({ type: PatientDetail })
  get(@Param('id') id: string): Promise<PatientDetail> {
    return this.patients.get(id);
  }

  @Patch(':id')
  @Needs('clinician', 'front-desk')
  @ApiOperation({ operationId: 'changePatient', summary: 'Change a patient, or move it to another org unit.' })
  @ApiOkResponse({ type: PatientDetail })
  change(@Param('id') id: string, @Body() body: ChangePatientBody): Promise<PatientDetail> {
    return this.patients.change(id, body);
  }
}
