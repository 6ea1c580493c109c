import type {
  Backup,
  BackupRequest,
  CleanupReport,
  CleanupRequest,
  DeepHealth,
  Import,
  ImportedRecord,
  ImportRequest,
  MigratedRecord,
  Migration,
  MigrationRequest,
  Owner,
  RebuildRequest,
  Recovery,
  RestoreRequest,
  Repair,
  RepairRequest,
} from "../api/types";
import { call } from "../http/calls";
import type { SignalOption, Transport } from "../http/transport";
import { listOf, type FiltersOf, type Pages } from "../images/pages";

/** What only admins may do. Other callers get `admin_required`. */
export interface Admin {
  /** Removes what is due. By default it only reports what it would remove: `dry_run` is true. */
  cleanup(request?: CleanupRequest, options?: SignalOption): Promise<CleanupReport>;
  /** Returns the reports of past cleanups, the newest first. */
  cleanupReports(options?: SignalOption & { limit?: number | undefined }): Promise<CleanupReport[]>;
  /** Lists everybody who has or had an image. `limit` is the size of a page. */
  owners(filters?: FiltersOf<"/v1/admin/owners">, options?: SignalOption): Pages<Owner>;
  /** Checks every part that the store depends on. A store that is down is an answer, not an error. */
  health(options?: SignalOption): Promise<DeepHealth>;
  migrations: {
    /** Begins to make images of the pictures in records. */
    create(request: MigrationRequest, options?: SignalOption): Promise<Migration>;
    get(id: string, options?: SignalOption): Promise<Migration>;
    /** Lists which record became which image. `limit` is the size of a page. */
    records(
      id: string,
      filters?: FiltersOf<"/v1/admin/migrations/{migration_id}/records">,
      options?: SignalOption,
    ): Pages<MigratedRecord>;
  };
  imports: {
    /** Begins to store the images of another store; `dry_run` only lists, counts and estimates. */
    create(request: ImportRequest, options?: SignalOption): Promise<Import>;
    get(id: string, options?: SignalOption): Promise<Import>;
    /** Lists which image of the source became which image, or why not. `limit` is the size of a page. */
    records(
      id: string,
      filters?: FiltersOf<"/v1/admin/imports/{import_id}/records">,
      options?: SignalOption,
    ): Pages<ImportedRecord>;
    /** Ends an import; what it has stored stays. */
    cancel(id: string, options?: SignalOption): Promise<Import>;
  };
  repairs: {
    /** Begins to make the files that records name and storage lacks. */
    create(request?: RepairRequest, options?: SignalOption): Promise<Repair>;
    get(id: string, options?: SignalOption): Promise<Repair>;
  };
  restores: {
    /** Begins to restore what the store has lost, as of a manifest of a backup. */
    create(request?: RestoreRequest, options?: SignalOption): Promise<Recovery>;
    get(id: string, options?: SignalOption): Promise<Recovery>;
  };
  rebuilds: {
    /** Begins to write the records of originals that have none, as private images. */
    create(request?: RebuildRequest, options?: SignalOption): Promise<Recovery>;
    get(id: string, options?: SignalOption): Promise<Recovery>;
  };
  backups: {
    /** Begins to back up what has changed, or with `task: "verify"` to compare the backup with its manifest. */
    create(request?: BackupRequest, options?: SignalOption): Promise<Backup>;
    get(id: string, options?: SignalOption): Promise<Backup>;
    /** Returns the last runs, the newest first. */
    list(options?: SignalOption & { limit?: number | undefined }): Promise<Backup[]>;
  };
}

export function createAdmin(transport: Transport): Admin {
  return {
    cleanup: (json = {}, options) => call(transport, "POST", "/v1/admin/cleanup", { json, ...options }),
    cleanupReports: async ({ limit, signal } = {}) => {
      return (await call(transport, "GET", "/v1/admin/cleanup/reports", { query: { limit }, signal })).items;
    },
    owners: (query, options) => listOf(transport, "/v1/admin/owners", { query, ...options }),
    health: async (options) =>
      (await transport.request<DeepHealth>("GET", "/v1/admin/health", { ...options, isAnswer: isHealth })).data,
    migrations: {
      create: (json, options) => call(transport, "POST", "/v1/admin/migrations", { json, ...options }),
      get: (id, options) =>
        call(transport, "GET", "/v1/admin/migrations/{migration_id}", { path: { migration_id: id }, ...options }),
      records: (id, query, options) =>
        listOf(transport, "/v1/admin/migrations/{migration_id}/records", { path: { migration_id: id }, query, ...options }),
    },
    imports: {
      create: (json, options) => call(transport, "POST", "/v1/admin/imports", { json, ...options }),
      get: (id, options) =>
        call(transport, "GET", "/v1/admin/imports/{import_id}", { path: { import_id: id }, ...options }),
      records: (id, query, options) =>
        listOf(transport, "/v1/admin/imports/{import_id}/records", { path: { import_id: id }, query, ...options }),
      cancel: (id, options) =>
        call(transport, "DELETE", "/v1/admin/imports/{import_id}", { path: { import_id: id }, ...options }),
    },
    repairs: {
      create: (json = {}, options) => call(transport, "POST", "/v1/admin/repairs", { json, ...options }),
      get: (id, options) =>
        call(transport, "GET", "/v1/admin/repairs/{repair_id}", { path: { repair_id: id }, ...options }),
    },
    restores: {
      create: (json = {}, options) => call(transport, "POST", "/v1/admin/restores", { json, ...options }),
      get: (id, options) =>
        call(transport, "GET", "/v1/admin/restores/{restore_id}", { path: { restore_id: id }, ...options }),
    },
    rebuilds: {
      create: (json = {}, options) => call(transport, "POST", "/v1/admin/rebuilds", { json, ...options }),
      get: (id, options) =>
        call(transport, "GET", "/v1/admin/rebuilds/{rebuild_id}", { path: { rebuild_id: id }, ...options }),
    },
    backups: {
      create: (json = {}, options) => call(transport, "POST", "/v1/admin/backups", { json, ...options }),
      get: (id, options) =>
        call(transport, "GET", "/v1/admin/backups/{backup_id}", { path: { backup_id: id }, ...options }),
      list: async ({ limit, signal } = {}) =>
        (await call(transport, "GET", "/v1/admin/backups", { query: { limit }, signal })).items,
    },
  };
}

function isHealth(body: unknown): boolean {
  return (body as Partial<DeepHealth> | null | undefined)?.components !== undefined;
}
