import Time

/// The type for points in time in this module. The other files of the module use it without importing `Time`.
package typealias UTCTime = Time.UTCTime
