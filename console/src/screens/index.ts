/** Every screen, by path; one literal list. A screen with a title stands in the navigation, under its area only for who manages that. */
import { IconChecklist, IconClick, IconDatabase, IconGitBranch, IconHistory, IconShieldLock, IconUsers, type Icon } from "@tabler/icons-react";
import { createElement, lazy, type ComponentType, type ReactNode } from "react";
import type { Area } from "../client";
import { HomeScreen } from "./home/HomeScreen";
import { NotFound } from "./home/NotFound";
import { TableScreen } from "./table/TableScreen";
import { TaskBadge } from "./tasks/TaskBadge";

const RecordScreen = lazy(() => import("./record/RecordScreen"));
const CollectionsScreen = lazy(() => import("./collections/CollectionsScreen"));
const CollectionScreen = lazy(() => import("./collections/CollectionScreen"));
const ExecutionsScreen = lazy(() => import("./executions/ExecutionsScreen"));
const ExecutionScreen = lazy(() => import("./executions/ExecutionScreen"));
const TasksScreen = lazy(() => import("./tasks/TasksScreen"));
const TaskScreen = lazy(() => import("./tasks/TaskScreen"));
const ButtonsScreen = lazy(() => import("./buttons/ButtonsScreen"));
const ButtonScreen = lazy(() => import("./buttons/ButtonScreen"));
const WorkflowsScreen = lazy(() => import("./workflows/WorkflowsScreen"));
const CanvasScreen = lazy(() => import("./canvas/CanvasScreen"));
const UsersScreen = lazy(() => import("./users/UsersScreen"));
const RolesScreen = lazy(() => import("./roles/RolesScreen"));
const RoleScreen = lazy(() => import("./roles/RoleScreen"));
const ApiKeysScreen = lazy(() => import("./apiKeys/ApiKeysScreen"));
const ProfileScreen = lazy(() => import("./profile/ProfileScreen"));

export interface Screen {
  path: string;
  element: ReactNode;
  title?: string;
  icon?: Icon;
  area?: Area;
  /** What stands behind the title in the navigation. */
  badge?: ComponentType;
}

export const SCREENS: Screen[] = [
  { path: "/", element: createElement(HomeScreen) },
  { path: "/tables/:collection", element: createElement(TableScreen) },
  { path: "/tables/:collection/:id", element: createElement(RecordScreen) },
  { path: "/collections", element: createElement(CollectionsScreen), title: "Collections", icon: IconDatabase, area: "collections" },
  { path: "/collections/:name", element: createElement(CollectionScreen) },
  { path: "/workflows", element: createElement(WorkflowsScreen), title: "Workflows", icon: IconGitBranch, area: "workflows" },
  { path: "/workflows/:id", element: createElement(CanvasScreen) },
  { path: "/users", element: createElement(UsersScreen), title: "Users", icon: IconUsers, area: "users" },
  { path: "/roles", element: createElement(RolesScreen), title: "Roles", icon: IconShieldLock, area: "roles" },
  { path: "/roles/:name", element: createElement(RoleScreen) },
  { path: "/api-keys", element: createElement(ApiKeysScreen) },
  { path: "/profile", element: createElement(ProfileScreen) },
  { path: "/tasks", element: createElement(TasksScreen), title: "Tasks", icon: IconChecklist, badge: TaskBadge },
  { path: "/tasks/:id", element: createElement(TaskScreen) },
  { path: "/buttons", element: createElement(ButtonsScreen), title: "Buttons", icon: IconClick, area: "workflows" },
  { path: "/buttons/:name", element: createElement(ButtonScreen) },
  { path: "/executions", element: createElement(ExecutionsScreen), title: "Executions", icon: IconHistory, area: "workflows" },
  { path: "/executions/:id", element: createElement(ExecutionScreen) },
  { path: "*", element: createElement(NotFound) },
];
