import type {
  CleanupReport,
  CleanupRequest,
  DeepHealth,
  MigratedRecord,
  Migration,
  MigrationRequest,
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
  repairs: {
    /** Begins to make the files that records name and storage lacks. */
    create(request?: RepairRequest, options?: SignalOption): Promise<Repair>;
    get(id: string, options?: SignalOption): Promise<Repair>;
  };
}

export function createAdmin(transport: Transport): Admin {
  return {
    cleanup: (json = {}, options) => call(transport, "POST", "/v1/admin/cleanup", { json, ...options }),
    cleanupReports: async ({ limit, signal } = {}) => {
      return (await call(transport, "GET", "/v1/admin/cleanup/reports", { query: { limit }, signal })).items;
    },
    health: async (options) =>
      (await transport.request<DeepHealth>("GET", "/v1/admin/health", { ...options, isAnswer: isHealth })).data,
    migrations: {
      create: (json, options) => call(transport, "POST", "/v1/admin/migrations", { json, ...options }),
      get: (id, options) =>
        call(transport, "GET", "/v1/admin/migrations/{migration_id}", { path: { migration_id: id }, ...options }),
      records: (id, query, options) =>
        listOf(transport, "/v1/admin/migrations/{migration_id}/records", { path: { migration_id: id }, query, ...options }),
    },
    repairs: {
      create: (json = {}, options) => call(transport, "POST", "/v1/admin/repairs", { json, ...options }),
      get: (id, options) =>
        call(transport, "GET", "/v1/admin/repairs/{repair_id}", { path: { repair_id: id }, ...options }),
    },
  };
}

function isHealth(body: unknown): boolean {
  return (body as Partial<DeepHealth> | null | undefined)?.components !== undefined;
}
