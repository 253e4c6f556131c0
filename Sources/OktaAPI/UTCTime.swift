import Time

/// The type for points in time in this module. Only this file names where it comes from.
package typealias UTCTime = Time.UTCTime
