import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Length, Matches } from 'class-validator';
import { MayBeAbsent } from '../http/page.js';
import { idPattern } from '../ids.js';

export class CreateOrgUnitBody {
  @ApiProperty({ minLength: 1, maxLength: 200 })
  @Length(1, 200)
  name!: string;

  @ApiPropertyOptional({ pattern: idPattern('org unit').source, description: 'Without one the unit is a root.' })
  @MayBeAbsent()
  @Matches(idPattern('org unit'), { message: 'parentId must be the id of an org unit' })
  parentId?: string;
}

export class OrgUnitView {
  @ApiProperty() id!: string;
  @ApiProperty() name!: string;
  @ApiProperty({ type: String, nullable: true }) parentId!: string | null;
}

export class OrgUnitPage {
  @ApiProperty({ type: [OrgUnitView] }) data!: OrgUnitView[];
  @ApiProperty() hasMore!: boolean;
}
