package f2p.kit

import kotlin.math.hypot

/**
 * A place in a picture in pixels.
 *
 * @property x to the right, from the left edge; pixel centres at .5.
 * @property y downwards, from the upper edge.
 */
data class Point(val x: Double, val y: Double) {
    internal operator fun plus(other: Point) = Point(x + other.x, y + other.y)
    internal operator fun minus(other: Point) = Point(x - other.x, y - other.y)
    internal operator fun times(factor: Double) = Point(x * factor, y * factor)
    internal infix fun dot(other: Point) = x * other.x + y * other.y
    internal val length get() = hypot(x, y)

    internal companion object {
        fun mean(points: List<Point>): Point =
            points.fold(Point(0.0, 0.0)) { sum, point -> sum + point } * (1.0 / maxOf(1, points.size))
    }
}

/**
 * Where the eyes, the nose and the mouth of a face are; left is left in the picture.
 *
 * @property leftEye the centre of the eye's outline.
 * @property rightEye the centre of the other eye's outline.
 * @property noseTip the tip of the nose.
 * @property mouthLeft the corner of the mouth.
 * @property mouthRight the other corner.
 */
data class Landmarks(
    val leftEye: Point,
    val rightEye: Point,
    val noseTip: Point,
    val mouthLeft: Point,
    val mouthRight: Point,
) {
    /** The five points in the order of the contract's template. */
    internal val points: List<Point> get() = listOf(leftEye, rightEye, noseTip, mouthLeft, mouthRight)

    /** How far the nose tip lies to the right of the line from mid-eyes to mid-mouth, in lengths of that line. */
    internal val noseOffset: Double
        get() {
            val eyes = Point.mean(listOf(leftEye, rightEye))
            val mouth = Point.mean(listOf(mouthLeft, mouthRight))
            val down = mouth - eyes
            val length = if (down.length == 0.0) 1.0 else down.length
            val across = Point(down.y, -down.x) * (1 / length)
            return ((noseTip - (eyes + mouth) * 0.5) dot across) / length
        }

    companion object {
        /** The contours of the eyes, the tip of the nose and the corners of the mouth in MediaPipe's mesh. */
        private val MESH_LEFT_EYE =
            intArrayOf(33, 7, 163, 144, 145, 153, 154, 155, 133, 173, 157, 158, 159, 160, 161, 246)
        private val MESH_RIGHT_EYE =
            intArrayOf(263, 249, 390, 373, 374, 380, 381, 382, 362, 398, 384, 385, 386, 387, 388, 466)
        private const val MESH_NOSE_TIP = 4
        private const val MESH_MOUTH_LEFT = 61
        private const val MESH_MOUTH_RIGHT = 291
        private const val MESH_SIZE = 468

        internal fun of(points: List<Point>) = Landmarks(points[0], points[1], points[2], points[3], points[4])

        /**
         * Returns the landmarks of a face mesh: MediaPipe Tasks' `FaceLandmarker` (468 or 478 points, whose x and y are
         * fractions: multiply them by the photo's width and height) or ML Kit's face mesh detection (468 points in
         * pixels).
         *
         * @param mesh the points in pixels of the photo, in the order of the mesh.
         * @throws F2PError of the kind `INVALID_INPUT` for fewer than 468 points.
         */
        @JvmStatic
        fun ofFaceMesh(mesh: List<Point>): Landmarks {
            if (mesh.size < MESH_SIZE) throw invalid("a face mesh has $MESH_SIZE points or more, found ${mesh.size}")
            return Landmarks(
                Point.mean(MESH_LEFT_EYE.map { mesh[it] }),
                Point.mean(MESH_RIGHT_EYE.map { mesh[it] }),
                mesh[MESH_NOSE_TIP],
                mesh[MESH_MOUTH_LEFT],
                mesh[MESH_MOUTH_RIGHT],
            )
        }

        /**
         * Returns the landmarks of outlines, whichever way round a finder names the sides of a face. With ML Kit's face
         * detection these are its contours: `LEFT_EYE`, `RIGHT_EYE`, `NOSE_BRIDGE`, and `UPPER_LIP_TOP` together with
         * `LOWER_LIP_BOTTOM`.
         *
         * @param eye the outline of one eye, in pixels of the photo.
         * @param otherEye the outline of the other one.
         * @param noseCrest points along the crest of the nose.
         * @param lips the outline of the lips.
         * @return null if an outline is empty.
         */
        @JvmStatic
        fun ofOutlines(eye: List<Point>, otherEye: List<Point>, noseCrest: List<Point>, lips: List<Point>): Landmarks? {
            if (listOf(eye, otherEye, noseCrest, lips).any { it.isEmpty() }) return null
            val centres = listOf(Point.mean(eye), Point.mean(otherEye))
            val down = Point.mean(lips) - Point.mean(centres)
            val right = Point(down.y, -down.x)
            val (left, other) = centres.sortedBy { it dot right }
            return Landmarks(
                left, other, noseCrest.maxBy { it dot down }, lips.minBy { it dot right }, lips.maxBy { it dot right }
            )
        }
    }
}
