-- What is billed for an appointment. The message that has it decided is sent with the transaction that writes it.
CREATE TABLE app.claim (
  tenant_id      text COLLATE "C" NOT NULL,
  id             text COLLATE "C" NOT NULL,
  unit_id        text COLLATE "C" NOT NULL,
  patient_id     text COLLATE "C" NOT NULL,
  appointment_id text COLLATE "C" NOT NULL,
  procedure_code text COLLATE "C" NOT NULL CHECK (procedure_code ~ '^[A-Z0-9]{3,10}$'),
  -- Minor units of the currency.
  amount         bigint NOT NULL CHECK (amount > 0),
  currency       text COLLATE "C" NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
  state          text NOT NULL DEFAULT 'submitted' CHECK (state IN ('submitted', 'accepted', 'rejected')),
  refusal        text CHECK ((refusal IS NOT NULL) = (state = 'rejected')),
  created_at     timestamptz NOT NULL DEFAULT now(),
  decided_at     timestamptz CHECK ((decided_at IS NULL) = (state = 'submitted')),
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, appointment_id, procedure_code),
  FOREIGN KEY (tenant_id, patient_id, unit_id) REFERENCES app.patient (tenant_id, id, unit_id) ON UPDATE CASCADE,
  FOREIGN KEY (tenant_id, appointment_id) REFERENCES app.appointment (tenant_id, id)
);
CREATE INDEX claim_by_patient ON app.claim (tenant_id, patient_id, unit_id);
SELECT clinic.limit_to_units('app.claim');
