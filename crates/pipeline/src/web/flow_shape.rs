//! Where the buckets and arrows of the picture lie: once for wide screens, once for phones.

use pipeline_core::Bucket;

use super::view::Flow;

/// An arrow of the picture: a way that objects took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lane {
    Emails,
    Unpacked,
    Delivered,
    Archives,
    Members,
    Workbooks,
    Converted,
    Rejected,
}

impl Lane {
    pub(super) const ALL: [Self; 8] = [
        Self::Emails,
        Self::Unpacked,
        Self::Archives,
        Self::Members,
        Self::Workbooks,
        Self::Converted,
        Self::Delivered,
        Self::Rejected,
    ];

    /// How many objects took it.
    pub(super) const fn count(self, flow: &Flow) -> u64 {
        match self {
            Self::Emails => flow.emails,
            Self::Unpacked => flow.unpacked,
            Self::Delivered => flow.delivered,
            Self::Archives => flow.archives,
            Self::Members => flow.members,
            Self::Workbooks => flow.workbooks,
            Self::Converted => flow.converted,
            Self::Rejected => flow.rejected,
        }
    }

    /// What happened to one of them, and to several.
    pub(super) const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Emails => ("email was read", "emails were read"),
            Self::Unpacked => ("file was unpacked from emails", "files were unpacked from emails"),
            Self::Delivered => ("CSV was delivered", "CSVs were delivered"),
            Self::Archives => ("file was an archive", "files were archives"),
            Self::Members => ("file came out of archives", "files came out of archives"),
            Self::Workbooks => ("file was a workbook", "files were workbooks"),
            Self::Converted => ("sheet became a CSV", "sheets became CSVs"),
            Self::Rejected => ("object was put aside", "objects were put aside"),
        }
    }
}

/// A bucket's box: left, top, width, height.
pub(super) type Place = (Bucket, [i32; 4]);

/// An arrow: its path, where its number stands (and which end of the number), and the stage that is named beside it.
pub(super) struct Arrow {
    pub(super) lane: Lane,
    pub(super) path: &'static str,
    pub(super) number: (i32, i32, &'static str),
    pub(super) stage: Option<(i32, i32, &'static str, &'static str)>,
}

/// One way to lay out the picture.
pub(super) struct Shape {
    pub(super) name: &'static str,
    pub(super) size: (i32, i32),
    /// Where emails come from: left, top, width, height.
    pub(super) door: [i32; 4],
    pub(super) places: [Place; 6],
    pub(super) arrows: [Arrow; 8],
}

pub(super) const WIDE: Shape = Shape {
    name: "wide",
    size: (960, 312),
    door: [2, 44, 76, 64],
    places: [
        (Bucket::Inbox, [126, 40, 128, 72]),
        (Bucket::Process, [404, 40, 240, 72]),
        (Bucket::Uncompressed, [340, 224, 142, 72]),
        (Bucket::Spreadsheet, [566, 224, 142, 72]),
        (Bucket::AmrData, [818, 40, 140, 72]),
        (Bucket::Unprocessable, [818, 224, 140, 72]),
    ],
    arrows: [
        arrow(Lane::Emails, "M82 76H118", (100, 64, "middle"), None),
        arrow(
            Lane::Unpacked,
            "M258 76H396",
            (327, 64, "middle"),
            Some((327, 97, "middle", "unpack-attachments")),
        ),
        arrow(
            Lane::Delivered,
            "M648 64H810",
            (729, 52, "middle"),
            Some((729, 84, "middle", "process-file")),
        ),
        arrow(Lane::Archives, "M460 116V216", (470, 172, "start"), None),
        arrow(
            Lane::Members,
            "M424 220V120",
            (414, 164, "end"),
            Some((414, 182, "end", "uncompress-file")),
        ),
        arrow(Lane::Workbooks, "M588 116V216", (578, 172, "end"), None),
        arrow(
            Lane::Converted,
            "M624 220V120",
            (634, 164, "start"),
            Some((634, 182, "start", "convert-file")),
        ),
        arrow(
            Lane::Rejected,
            "M648 100H740Q752 100 752 112V248Q752 260 764 260H810",
            (786, 248, "middle"),
            None,
        ),
    ],
};

pub(super) const TALL: Shape = Shape {
    name: "tall",
    size: (340, 566),
    door: [95, 2, 150, 38],
    places: [
        (Bucket::Inbox, [95, 82, 150, 64]),
        (Bucket::Process, [20, 206, 300, 64]),
        (Bucket::Uncompressed, [2, 330, 146, 64]),
        (Bucket::Spreadsheet, [192, 330, 146, 64]),
        (Bucket::AmrData, [2, 494, 160, 64]),
        (Bucket::Unprocessable, [178, 494, 160, 64]),
    ],
    arrows: [
        arrow(Lane::Emails, "M170 44V74", (180, 65, "start"), None),
        arrow(
            Lane::Unpacked,
            "M170 150V198",
            (180, 178, "start"),
            Some((160, 178, "end", "unpack-attachments")),
        ),
        arrow(
            Lane::Delivered,
            "M163 274V436Q163 448 151 448H94Q82 448 82 460V486",
            (92, 474, "start"),
            Some((155, 440, "end", "process-file")),
        ),
        arrow(Lane::Archives, "M98 274V322", (106, 303, "start"), None),
        arrow(
            Lane::Members,
            "M52 326V278",
            (44, 303, "end"),
            Some((75, 412, "middle", "uncompress-file")),
        ),
        arrow(Lane::Workbooks, "M242 274V322", (234, 303, "end"), None),
        arrow(
            Lane::Converted,
            "M288 326V278",
            (296, 303, "start"),
            Some((265, 412, "middle", "convert-file")),
        ),
        arrow(
            Lane::Rejected,
            "M177 274V436Q177 448 189 448H246Q258 448 258 460V486",
            (268, 474, "start"),
            None,
        ),
    ],
};

const fn arrow(
    lane: Lane,
    path: &'static str,
    number: (i32, i32, &'static str),
    stage: Option<(i32, i32, &'static str, &'static str)>,
) -> Arrow {
    Arrow {
        lane,
        path,
        number,
        stage,
    }
}
