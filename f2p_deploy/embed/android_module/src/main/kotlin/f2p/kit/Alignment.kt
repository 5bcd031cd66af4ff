package f2p.kit

import kotlin.math.abs
import kotlin.math.cos
import kotlin.math.floor
import kotlin.math.min
import kotlin.math.roundToInt
import kotlin.math.sqrt

/**
 * A photo's face in the place of the average face.
 *
 * @property picture `imageSize` x `imageSize`.
 * @property landmarks the face in the photo.
 * @property warnings sentences about problems that may spoil the character.
 */
class AlignedFace(val picture: Picture, val landmarks: Landmarks, val warnings: List<String>)

/**
 * A face that a finder found.
 *
 * @property landmarks its five points, in pixels of the photo.
 * @property yaw the head's turn to the side in degrees; null to estimate it from the points.
 */
class FoundFace @JvmOverloads constructor(val landmarks: Landmarks, val yaw: Double? = null)

/** Photo to aligned face: the similarity transform onto the average face (section 3.6 of the paper). */
internal class Alignment(private val contract: Contract) {
    /**
     * Warps one face onto the average face.
     *
     * @throws F2PError of the kind `TOO_SMALL`, `TURNED`, or `INVALID_INPUT` where the landmarks are not a face's.
     */
    fun align(photo: Picture, found: FoundFace): AlignedFace {
        val face = found.landmarks
        val warnings = check(found).toMutableList()
        val size = contract.imageSize
        val target = contract.template.map { it * size.toDouble() }
        val toFace = Similarity.fit(face.points, target)
        val squares = face.points.zip(target).map { (point, wanted) -> (toFace.apply(point) - wanted).let { it dot it } }
        val residual = sqrt(squares.sum() / squares.size) / size
        if (!(residual <= contract.limits.largestResidual)) {
            val off = (100 * residual).takeIf { it.isFinite() }?.roundToInt() ?: "?"
            throw invalid("the landmarks are not those of a face: they lie $off % of the picture off")
        }
        if (1 - insideFraction(photo, toFace, size) > contract.limits.largeOutside) {
            warnings += "the face is close to the photo's edge or cut by it; the missing part repeats the pixels there"
        }
        return AlignedFace(warped(photo, toFace, size), face, warnings)
    }

    /** Returns the warnings about a face, or throws if nothing good can come of it. */
    private fun check(found: FoundFace): List<String> {
        val limits = contract.limits
        val face = found.landmarks
        val yaw = abs(found.yaw ?: min(90.0, abs(limits.yawPerOffset * face.noseOffset)))
        val distance = limits.outerOverCentres * (face.rightEye - face.leftEye).length
        val pixels = if (distance.isFinite()) floor(distance).toInt() else 0
        if (!(distance >= limits.smallestEyeDistance * cosine(min(yaw, limits.largestYaw)))) {
            throw F2PError(
                F2PErrorKind.TOO_SMALL,
                "the face is too small: $pixels pixels between the outer eye corners, at least " +
                    "${limits.smallestEyeDistance.toInt()} are needed",
            )
        }
        if (!(yaw <= limits.largestYaw)) {
            val degrees = if (yaw.isFinite()) yaw.roundToInt() else 90
            throw F2PError(
                F2PErrorKind.TURNED,
                "the head is turned too far ($degrees degrees, limit ${limits.largestYaw.roundToInt()}); " +
                    "take a frontal photo",
            )
        }
        return buildList {
            if (distance < limits.smallEyeDistance * cosine(yaw)) {
                add(
                    "the face is small ($pixels pixels between the outer eye corners); " +
                        "a closer photo gives a better character"
                )
            }
            if (yaw > limits.largeYaw) {
                add("the head is turned by ${yaw.roundToInt()} degrees: one-shot is more robust to that than iterative")
            }
        }
    }

    private fun cosine(degrees: Double) = cos(Math.toRadians(degrees))
}
