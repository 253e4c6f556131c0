import Time

/// The point in time of the whole module, so that only this file names where it comes from.
package typealias UTCTime = Time.UTCTime
