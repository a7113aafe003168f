-- Documents of a patient. The content is in the tenant's object storage under a key that is made of the row's id; a row
-- whose content has not arrived (`stored_at`) is not shown.
CREATE TABLE app.document (
  tenant_id    text COLLATE "C" NOT NULL,
  id           text COLLATE "C" NOT NULL,
  unit_id      text COLLATE "C" NOT NULL,
  patient_id   text COLLATE "C" NOT NULL,
  -- A file name may say more than a diagnosis does: encrypted with the tenant's data key.
  name         bytea NOT NULL,
  content_type text COLLATE "C" NOT NULL CHECK (content_type ~ '^[a-z]+/[a-z0-9.+-]{1,100}$'),
  bytes        bigint NOT NULL CHECK (bytes >= 0),
  sha256       bytea NOT NULL CHECK (length(sha256) = 32),
  created_at   timestamptz NOT NULL DEFAULT now(),
  stored_at    timestamptz,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, patient_id, unit_id) REFERENCES app.patient (tenant_id, id, unit_id) ON UPDATE CASCADE
);
CREATE INDEX document_by_patient ON app.document (tenant_id, patient_id, unit_id);
SELECT clinic.limit_to_units('app.document');
