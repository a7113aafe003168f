import {
  DeleteAlarmsCommand,
  DescribeAlarmsCommand,
  ListTagsForResourceCommand,
  PutMetricAlarmCommand,
  TagResourceCommand,
  UntagResourceCommand,
  type ComparisonOperator,
  type MetricAlarm,
  type StandardUnit,
  type Statistic,
} from '@aws-sdk/client-cloudwatch';
import { absentAsUndefined } from '../protocol/failure.js';
import { OWNERSHIP_TAG } from '../protocol/lifecycle.js';
import type { ResourceType } from '../protocol/resource-type.js';
import type { Json, Properties } from '../protocol/values.js';
import type { AwsClients } from './clients.js';
import { tagChanges, tagList, tagMap, TAGS, type Tags } from './tags.js';

interface AlarmInputs {
  readonly name: string;
  readonly comparisonOperator: ComparisonOperator;
  readonly evaluationPeriods: number;
  readonly namespace?: string;
  readonly metricName?: string;
  readonly dimensions?: Readonly<Record<string, string>>;
  readonly statistic?: Statistic;
  readonly extendedStatistic?: string;
  readonly period?: number;
  readonly threshold?: number;
  readonly datapointsToAlarm?: number;
  readonly treatMissingData?: string;
  readonly unit?: StandardUnit;
  readonly alarmDescription?: string;
  readonly actionsEnabled?: boolean;
  readonly alarmActions?: string[];
  readonly okActions?: string[];
  readonly insufficientDataActions?: string[];
  readonly tags?: Tags;
}

/** terraform-provider-aws, internal/service/cloudwatch/metric_alarm.go `resourceMetricAlarm`. */
export const metricAlarm: ResourceType<AwsClients, AlarmInputs> = {
  token: 'aws:cloudwatch/metricAlarm:MetricAlarm',
  rules: {
    name: { required: true, replaces: true },
    comparisonOperator: { required: true },
    evaluationPeriods: { required: true },
    namespace: {},
    metricName: {},
    dimensions: { fallback: {} },
    statistic: {},
    extendedStatistic: {},
    period: {},
    threshold: { fallback: 0 },
    datapointsToAlarm: {},
    treatMissingData: { fallback: 'missing' },
    unit: {},
    alarmDescription: {},
    actionsEnabled: { fallback: true },
    alarmActions: { fallback: [], compareAs: 'set' },
    okActions: { fallback: [], compareAs: 'set' },
    insufficientDataActions: { fallback: [], compareAs: 'set' },
    region: { computed: true, replaces: true },
    tags: TAGS,
  },
  computed: ['arn', 'tagsAll'],
  label: ({ name }) => `CloudWatch alarm ${name}`,

  async find({ cloudwatch }, { name }) {
    const alarm = await describe(cloudwatch, name);
    return alarm === undefined ? undefined : { id: name, owner: (await alarmTags(cloudwatch, alarm))[OWNERSHIP_TAG] };
  },

  async create({ cloudwatch }, inputs) {
    await cloudwatch.send(new PutMetricAlarmCommand({ ...toAws(inputs), Tags: tagList(inputs.tags) }));
    return inputs.name;
  },

  async read({ cloudwatch, region }, id) {
    const alarm = await describe(cloudwatch, id);
    if (alarm === undefined) return undefined;
    const tags = await alarmTags(cloudwatch, alarm);
    return { ...fromAws(alarm), name: id, arn: alarm.AlarmArn ?? '', region, tags, tagsAll: tags };
  },

  async update({ cloudwatch }, id, wanted, changed, current) {
    // PutMetricAlarm replaces the whole alarm but never its tags.
    if ([...changed].some((name) => name !== 'tags')) await cloudwatch.send(new PutMetricAlarmCommand(toAws(wanted)));
    if (!changed.has('tags')) return;
    const ResourceARN = (await describe(cloudwatch, id))?.AlarmArn;
    const { set, remove } = tagChanges(current.tags, wanted.tags);
    if (remove.length > 0) await cloudwatch.send(new UntagResourceCommand({ ResourceARN, TagKeys: remove }));
    if (Object.keys(set).length > 0) await cloudwatch.send(new TagResourceCommand({ ResourceARN, Tags: tagList(set) }));
  },

  async delete({ cloudwatch }, id) {
    await absentAsUndefined(cloudwatch.send(new DeleteAlarmsCommand({ AlarmNames: [id] })));
  },
};

function toAws(inputs: AlarmInputs) {
  return {
    AlarmName: inputs.name,
    AlarmDescription: inputs.alarmDescription,
    ComparisonOperator: inputs.comparisonOperator,
    EvaluationPeriods: inputs.evaluationPeriods,
    DatapointsToAlarm: inputs.datapointsToAlarm,
    Namespace: inputs.namespace,
    MetricName: inputs.metricName,
    Dimensions: Object.entries(inputs.dimensions ?? {}).map(([Name, Value]) => ({ Name, Value })),
    Statistic: inputs.statistic,
    ExtendedStatistic: inputs.extendedStatistic,
    Period: inputs.period,
    Threshold: inputs.threshold ?? 0,
    TreatMissingData: inputs.treatMissingData ?? 'missing',
    Unit: inputs.unit,
    ActionsEnabled: inputs.actionsEnabled ?? true,
    AlarmActions: inputs.alarmActions,
    OKActions: inputs.okActions,
    InsufficientDataActions: inputs.insufficientDataActions,
  };
}

function fromAws(alarm: MetricAlarm): Properties {
  const values: Record<string, Json | undefined> = {
    alarmDescription: alarm.AlarmDescription,
    comparisonOperator: alarm.ComparisonOperator,
    evaluationPeriods: alarm.EvaluationPeriods,
    datapointsToAlarm: alarm.DatapointsToAlarm,
    namespace: alarm.Namespace,
    metricName: alarm.MetricName,
    dimensions: Object.fromEntries((alarm.Dimensions ?? []).map(({ Name = '', Value = '' }) => [Name, Value])),
    statistic: alarm.Statistic,
    extendedStatistic: alarm.ExtendedStatistic,
    period: alarm.Period,
    threshold: alarm.Threshold,
    treatMissingData: alarm.TreatMissingData,
    unit: alarm.Unit,
    actionsEnabled: alarm.ActionsEnabled,
    alarmActions: alarm.AlarmActions,
    okActions: alarm.OKActions,
    insufficientDataActions: alarm.InsufficientDataActions,
  };
  return Object.fromEntries(Object.entries(values).filter((entry): entry is [string, Json] => (entry[1] ?? '') !== ''));
}

async function describe(cloudwatch: AwsClients['cloudwatch'], name: string): Promise<MetricAlarm | undefined> {
  return (await cloudwatch.send(new DescribeAlarmsCommand({ AlarmNames: [name] }))).MetricAlarms?.[0];
}

async function alarmTags(cloudwatch: AwsClients['cloudwatch'], { AlarmArn }: MetricAlarm): Promise<Tags> {
  return tagMap((await cloudwatch.send(new ListTagsForResourceCommand({ ResourceARN: AlarmArn }))).Tags);
}
