import CurlHTTPClient

/// The object that a segment becomes in a bucket.
struct S3Object: Sendable {
    /// The key without the destination's prefix.
    var path: String
    /// The file to send; `nil` for a test object, whose few bytes are sent from memory.
    var upload: HTTPUpload?
    var bytes: Int64
    /// The SHA-256 of the content, in lower-case hexadecimal digits. It is part of the signed request.
    var sha256: String
    /// The SHA-256 of the segment, if the object is a converted segment; otherwise nil. A converted object is recognized by this hash, because a
    /// repeated conversion may produce different bytes for the same records.
    var segmentSHA256: String?
    var mediaType: String?
}

/// The form of the objects. A plain value.
package enum S3Form: Sendable {
    /// The objects are unchanged segments, and the keys are the paths of the segments.
    case segments
    /// Parquet files, under the segments' paths or in the layout of Amazon Security Lake.
    case parquet(ParquetForm)
}

/// Settings for Parquet files.
package struct ParquetForm: Sendable {
    let converter: ParquetConverter
    let layout: SecurityLakeLayout?

    /// - Parameters:
    ///   - python: a Python interpreter that has pyarrow.
    ///   - layout: nil if the files keep the segments' paths.
    package init(python: String, layout: SecurityLakeLayout?) {
        converter = ParquetConverter(python: python)
        self.layout = layout
    }

    /// The path of a segment's file. It is the same at each attempt to deliver the segment. Nil if the layout requires a class or a date that the
    /// segment lacks.
    func path(of segment: DeliverySegment) -> String? {
        if let layout { return layout.path(segment: segment.path, className: segment.className, date: segment.date) }
        guard let stem = SecurityLakeLayout.stem(segment.path) else { return nil }
        let directory = segment.path.split(separator: "/").dropLast().joined(separator: "/")
        return "\(directory)/\(stem).parquet"
    }

    /// The directory for a test object. The minimal IAM policy for the segments (``BucketPolicy``) also allows writing there.
    var probeDirectory: String { layout.map { "\($0.source)-tributary-probe" } ?? "_tributary" }
}
