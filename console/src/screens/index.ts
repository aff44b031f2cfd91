/** Every screen, by path; one literal list. A screen with a title stands in the navigation, under its area only for who manages that. */
import { IconDatabase, type Icon } from "@tabler/icons-react";
import { createElement, lazy, type ReactNode } from "react";
import type { Area } from "../client";
import { HomeScreen } from "./home/HomeScreen";
import { NotFound } from "./home/NotFound";
import { TableScreen } from "./table/TableScreen";

const RecordScreen = lazy(() => import("./record/RecordScreen"));
const CollectionsScreen = lazy(() => import("./collections/CollectionsScreen"));
const CollectionScreen = lazy(() => import("./collections/CollectionScreen"));

export interface Screen {
  path: string;
  element: ReactNode;
  title?: string;
  icon?: Icon;
  area?: Area;
}

export const SCREENS: Screen[] = [
  { path: "/", element: createElement(HomeScreen) },
  { path: "/tables/:collection", element: createElement(TableScreen) },
  { path: "/tables/:collection/:id", element: createElement(RecordScreen) },
  { path: "/collections", element: createElement(CollectionsScreen), title: "Collections", icon: IconDatabase, area: "collections" },
  { path: "/collections/:name", element: createElement(CollectionScreen) },
  { path: "*", element: createElement(NotFound) },
];
