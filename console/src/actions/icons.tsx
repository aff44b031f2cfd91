/** The icons that a button may have, by the name in its definition. */
import {
  IconArchive, IconArrowForward, IconBell, IconBolt, IconCalendar, IconCheck, IconClock, IconCopy, IconDownload, IconEdit, IconExternalLink, IconFlag,
  IconFolder, IconMail, IconPlayerPlay, IconPlus, IconPrinter, IconRefresh, IconSend, IconStar, IconTag, IconTrash, IconUpload, IconUser, IconX, type Icon,
} from "@tabler/icons-react";

export const ACTION_ICONS: Record<string, Icon> = {
  archive: IconArchive, bell: IconBell, bolt: IconBolt, calendar: IconCalendar, check: IconCheck, clock: IconClock, copy: IconCopy,
  download: IconDownload, edit: IconEdit, external: IconExternalLink, flag: IconFlag, folder: IconFolder, forward: IconArrowForward, mail: IconMail,
  play: IconPlayerPlay, plus: IconPlus, print: IconPrinter, refresh: IconRefresh, send: IconSend, star: IconStar, tag: IconTag, trash: IconTrash,
  upload: IconUpload, user: IconUser, x: IconX,
};

/** The icon of this name; none for a name that nobody knows. */
export function actionIcon(name: string | null, size: number) {
  const Found = name ? ACTION_ICONS[name] : undefined;
  return Found ? <Found size={size} stroke={1.8} aria-hidden /> : null;
}
