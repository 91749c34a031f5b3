package dev.wuneng.training.config;

import com.google.gson.annotations.SerializedName;
import java.util.Locale;

/** The stages of the spec, "Training", and what comes before them: a teacher. */
public enum Stage {
    @SerializedName("teacher") TEACHER,
    @SerializedName("align") ALIGN,
    @SerializedName("distill") DISTILL,
    @SerializedName("sft") SFT;

    /** As it is written in a configuration and on the command line. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
