export { createGroups, type Group, type GroupDeletion, type GroupPatch, type GroupRequest, type Groups } from "./groups";
export { createTags, type Tag, type Tags } from "./tags";
